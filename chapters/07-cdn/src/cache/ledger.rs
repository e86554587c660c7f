//! What the other servers do not know yet: tickets that have to be deleted, sooner or later. They stand here and not in
//! Redis, since Redis was out of reach; whoever ends the process ends the debt, and then CACHE_TTL is the bound.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::front::Block;

#[derive(Default)]
pub struct Ledger {
    /// How many debts of each block are unpaid.
    owed: Mutex<HashMap<Block, u64>>,
    /// Wakes whoever pays them.
    written: Notify,
}

impl Ledger {
    /// A debt that is not written down yet: it may still be paid.
    pub fn debt(&self, blocks: &[Block]) -> Debt<'_> {
        Debt { ledger: self, blocks: blocks.to_vec() }
    }

    pub fn owes(&self, block: Block) -> bool {
        self.owed().contains_key(&block)
    }

    /// Waits until something was written down.
    pub async fn written(&self) {
        self.written.notified().await;
    }

    pub fn unpaid(&self) -> HashMap<Block, u64> {
        self.owed().clone()
    }

    /// Strikes these out. What was written down since they were read stays: the deletion may have come before it.
    pub fn strike(&self, paid: &HashMap<Block, u64>) {
        self.owed().retain(|block, owed| {
            *owed -= paid.get(block).copied().unwrap_or_default().min(*owed);
            *owed > 0
        });
    }

    fn owed(&self) -> MutexGuard<'_, HashMap<Block, u64>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropped unpaid, for whatever reason (an error, a reader who left in the middle), it is written down.
pub struct Debt<'a> {
    ledger: &'a Ledger,
    blocks: Vec<Block>,
}

impl Debt<'_> {
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub fn pay(mut self) {
        self.blocks.clear();
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        let blocks = mem::take(&mut self.blocks);
        if !blocks.is_empty() {
            let mut owed = self.ledger.owed();
            blocks.into_iter().for_each(|block| *owed.entry(block).or_default() += 1);
            self.ledger.written.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_paid_is_written_down() {
        let ledger = Ledger::default();
        ledger.debt(&[Block::Newest, Block::Tags]).pay();
        assert!(ledger.unpaid().is_empty());

        drop(ledger.debt(&[Block::Newest]));
        let unpaid = ledger.unpaid();
        drop(ledger.debt(&[Block::Newest]));
        ledger.strike(&unpaid);
        assert!(ledger.owes(Block::Newest), "the second debt came after what was paid");
        ledger.strike(&ledger.unpaid());
        assert!(!ledger.owes(Block::Newest));
    }
}
