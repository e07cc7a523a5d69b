//! How much memory the caches of a process may take, in bytes: a number of entries says little, because an account may have
//! many roles and long claims, and clients choose how many tokens there are.
//!
//! Both caches together take 64 MiB at most, a quarter of the memory that the shipped manifests give a process.

/// The cache of verified tokens: some fifty thousand.
pub(super) const OF_TOKENS: u64 = 32 << 20;
/// The cache of live sessions: some forty thousand of accounts with few claims.
pub(super) const OF_SESSIONS: u64 = 32 << 20;

/// What the cache itself needs for an entry beside its value: the key, a place in the table and in two queues, and what the
/// allocator adds to each of seven allocations.
const OF_AN_ENTRY: usize = 512;
/// The same for a text or a list on the heap.
const OF_AN_ALLOCATION: usize = 16;
/// Eleven keys and values of a `BTreeMap`, which its smallest node has room for.
const OF_A_NODE: usize = 11 * 2 * size_of::<String>() + 2 * OF_AN_ALLOCATION;

/// The weight of an entry whose value takes so many bytes.
pub(super) fn entry(value: usize) -> u32 {
    u32::try_from(OF_AN_ENTRY + value).unwrap_or(u32::MAX)
}

/// A text of its own on the heap, without the value that points to it.
pub(super) fn text(text: &str) -> usize {
    OF_AN_ALLOCATION + text.len()
}

/// A map of texts on the heap. Its nodes are at least half full.
pub(super) fn map<'a>(texts: impl ExactSizeIterator<Item = (&'a String, &'a String)>) -> usize {
    let nodes = texts.len().div_ceil(5) * OF_A_NODE;
    let texts = texts.map(|(name, value)| text(name) + text(value));
    nodes + texts.sum::<usize>()
}
