-- For profiles and tags: one user's, or one tag's, newest posts, and those older than a given one. What is compared comes
-- first, what is sorted by comes after it in the list's own order, so a page is read off in one go from wherever it begins.
-- Every new post writes into both.
create index posts_user_id on posts (user_id, created_at, id);
create index posts_tag on posts (tag, created_at, id);
