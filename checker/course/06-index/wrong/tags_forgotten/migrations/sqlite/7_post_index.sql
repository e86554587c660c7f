create index posts_user_id on posts (user_id, created_at, id);
