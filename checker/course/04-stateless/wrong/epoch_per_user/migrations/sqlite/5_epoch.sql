-- Cookies say the epoch in which they were made; logging out begins the next one.
alter table users add column epoch integer not null default 0;

-- What cookies are signed with: drawn once, here, and the same for all servers.
create table cookie_key (key blob not null);

insert into cookie_key (key) values (randomblob(32));
