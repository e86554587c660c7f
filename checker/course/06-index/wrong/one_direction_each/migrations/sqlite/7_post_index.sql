create index posts_user_id on posts (user_id, created_at desc, id asc);
create index posts_tag on posts (tag, created_at desc, id asc);
