-- Which form a post came from, as a hash of the form's id, its writer and its text. Posts from before, and posts that came
-- without a form, have none; nulls differ from each other.
alter table posts add column submission blob;
create unique index posts_submission on posts (submission);
