-- No foreign key to users: on some databases it would come with an index, and whether this table needs one is a
-- decision for the day when it is large.
create table posts (
    id integer primary key autoincrement,
    user_id integer not null,
    tag text not null,
    content text not null,
    created_at integer not null
);
