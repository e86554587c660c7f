-- One user's posts side by side.
create table posts_by_user (
    id integer primary key autoincrement,
    user_id integer not null,
    tag text not null,
    content text not null,
    created_at integer not null
);
insert into posts_by_user (user_id, tag, content, created_at)
    select user_id, tag, content, created_at from posts order by user_id, created_at, id;
drop table posts;
alter table posts_by_user rename to posts;
create index posts_user_id on posts (user_id, created_at, id);
create index posts_tag on posts (tag, created_at, id);
