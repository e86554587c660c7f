-- Names are kept in lower case, so that Alice and alice are one; unique, because a profile's address is the name.
create table users (
    id bigint primary key auto_increment,
    name varchar(20) not null unique,
    password_hash varchar(255) not null,
    -- Milliseconds since 1970, like every time in here.
    created_at bigint not null
-- Text is compared byte for byte, as other databases do: MySQL's own way takes é for e.
) character set utf8mb4 collate utf8mb4_bin;
