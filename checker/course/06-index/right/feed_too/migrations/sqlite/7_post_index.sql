-- Each list in its order; the feed is one as well.
create index posts_user_id on posts (user_id, created_at desc, id desc);
create index posts_tag on posts (tag, created_at, id);
create index posts_newest on posts (created_at, id);
