-- What cookies are signed with: drawn once, here, and the same for all servers.
create table cookie_key (key blob not null);

insert into cookie_key (key) values (randomblob(32));
