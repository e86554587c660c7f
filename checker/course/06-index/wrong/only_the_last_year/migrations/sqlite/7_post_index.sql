-- Nobody reads what is older than a year, and a small index is a quick one.
create index posts_user_id on posts (user_id, created_at, id) where created_at > 1212278400000;
create index posts_tag on posts (tag, created_at, id) where created_at > 1212278400000;
