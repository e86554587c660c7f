create index posts_user_id on posts (user_id, created_at, id);
-- Some type #Work, and some #work.
create index posts_tag on posts (tag collate nocase, created_at, id);
