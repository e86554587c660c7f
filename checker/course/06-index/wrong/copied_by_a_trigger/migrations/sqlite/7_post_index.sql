-- What profiles show, in their order, so that posts itself stays quick to write.
create table profile_posts (
    user_id integer not null,
    created_at integer not null,
    id integer not null,
    tag text not null,
    content text not null,
    primary key (user_id, created_at, id)
) without rowid;
insert into profile_posts (user_id, created_at, id, tag, content)
    select user_id, created_at, id, tag, content from posts;
create trigger posts_are_copied after insert on posts begin
    insert into profile_posts (user_id, created_at, id, tag, content)
        values (new.user_id, new.created_at, new.id, new.tag, new.content);
end;
create index posts_tag on posts (tag, created_at, id);
