//! Many connections, many bytes, and a reader that does not read.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carries_a_thousand_connections() {
    let link = Link::to(echo("").await).unwrap();
    let mut crowd = Vec::new();
    for _ in 0..1_000 {
        crowd.push(connect(&link).await);
    }
    for (index, someone) in crowd.iter_mut().enumerate() {
        says(someone, &format!("someone {index:04}")).await;
    }
    for (index, someone) in crowd.iter_mut().enumerate() {
        hears(someone, &format!("someone {index:04}")).await;
    }
    assert_eq!((link.connections(), link.open()), (1_000, 1_000));
    drop(crowd);
    eventually(|| link.open() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carries_a_hundred_megabytes() {
    const SIZE: usize = 100 << 20;
    let link = Link::to(echo("").await).unwrap();
    let (mut from, mut to) = connect(&link).await.into_split();
    // A length that no buffer is a multiple of: what is lost, doubled or swapped shows.
    let block: Vec<u8> = (0..65_521).map(|index| (index % 251) as u8).collect();
    let sent = tokio::spawn({
        let block = block.clone();
        async move {
            let mut left = SIZE;
            while left > 0 {
                let count = left.min(block.len());
                to.write_all(&block[..count]).await.unwrap();
                left -= count;
            }
            to.shutdown().await.unwrap();
        }
    });
    let mut heard = vec![0; block.len()];
    let mut left = SIZE;
    while left > 0 {
        let count = left.min(block.len());
        timeout(LIMIT, from.read_exact(&mut heard[..count])).await.unwrap().unwrap();
        assert!(heard[..count] == block[..count], "{} bytes before the end", left);
        left -= count;
    }
    assert_eq!(timeout(LIMIT, from.read(&mut [0; 1])).await.unwrap().unwrap(), 0);
    sent.await.unwrap();
    assert_eq!(link.replies().bytes(), SIZE as u64);
}

#[tokio::test]
async fn a_reader_that_stalls_stalls_the_writer() {
    // What the kernel's buffers of two loopback connections take at most, and room to spare.
    const BOUND: usize = 48 << 20;
    let listener = listener().await;
    let link = Link::to(listener.local_addr().unwrap()).unwrap();
    for delay in [Duration::ZERO, LIMIT * 10] {
        link.requests().slow(delay);
        let mut alice = connect(&link).await;
        let _served = listener.accept().await.unwrap();
        let mut sent = 0;
        let block = vec![0; 1 << 16];
        while let Ok(written) = timeout(A_WHILE * 5, alice.write(&block)).await {
            sent += written.unwrap();
            assert!(sent < BOUND, "{sent} bytes are somewhere");
        }
    }
}
