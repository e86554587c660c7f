-- Who likes which gossip. The primary key refuses a second like of the same reader, and finds all likes of a gossip
-- without a look at the others.
create table likes (
    post_id integer not null,
    user_id integer not null,
    created_at integer not null,
    primary key (post_id, user_id)
) without rowid;
