-- SQLite adds no check to a table that is there, so the table is made anew.
create table posts_with_check (
    id integer primary key autoincrement,
    user_id integer not null,
    tag text not null,
    content text not null check (length(content) <= 500),
    created_at integer not null
);
insert into posts_with_check select id, user_id, tag, content, created_at from posts;
drop table posts;
alter table posts_with_check rename to posts;
