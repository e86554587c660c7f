-- No foreign key to users: it would come with an index here, and whether this table needs one is a decision for the day
-- when it is large.
create table posts (
    id bigint primary key auto_increment,
    user_id bigint not null,
    tag varchar(30) not null,
    content varchar(500) not null,
    created_at bigint not null
) character set utf8mb4 collate utf8mb4_bin;
