create index posts_user_id on posts (user_id);
create index posts_tag on posts (tag);
