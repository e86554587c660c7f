-- The slow profile of the report.
create index posts_user_42 on posts (user_id, created_at, id) where user_id = 42;
create index posts_tag on posts (tag, created_at, id);
