-- For `where`, and for `where` with `order by`.
create index posts_by_user on posts (user_id);
create index posts_of_user_in_order on posts (user_id, created_at, id);
create index posts_tag on posts (tag, created_at, id);
