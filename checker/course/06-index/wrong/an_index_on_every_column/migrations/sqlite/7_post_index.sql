-- For the pages, and for whatever will be asked next.
create index posts_user_id on posts (user_id, created_at, id);
create index posts_tag on posts (tag, created_at, id);
create index posts_content on posts (content);
create index posts_created_at on posts (created_at);
create index posts_only_user on posts (user_id);
create index posts_only_tag on posts (tag);
