-- The newest first, and then whose they are.
create index posts_newest on posts (created_at, id, user_id);
create index posts_tag on posts (created_at, id, tag);
