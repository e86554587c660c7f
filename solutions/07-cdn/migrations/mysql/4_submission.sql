-- Forms that were sent, each as a hash of its id, its writer and its text. A second click sends the same again; the
-- primary key refuses it, in the transaction that would have published twice.
create table submissions (
    fingerprint binary(32) primary key,
    created_at bigint not null
);
