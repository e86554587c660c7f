-- The id of the row ends each entry by itself.
create index posts_by on posts (user_id, created_at);
create index posts_in on posts (tag, created_at);
