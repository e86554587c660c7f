-- All that a page shows, so that the rows themselves are not fetched.
create index posts_user_id on posts (user_id, created_at, id, tag, content);
create index posts_tag on posts (tag, created_at, id, user_id, content);
