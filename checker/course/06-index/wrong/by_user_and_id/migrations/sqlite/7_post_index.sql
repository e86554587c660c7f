-- Ids rise as time does.
create index posts_user_id on posts (user_id, id);
create index posts_tag on posts (tag, id);
