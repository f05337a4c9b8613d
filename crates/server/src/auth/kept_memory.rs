//! Argon2 in memory that its thread keeps. A password takes 19 MiB for a moment; what an allocator does with so much that
//! comes and goes is its own matter, and may be to keep it several times.

use std::cell::RefCell;

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, Error, Result};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};

thread_local! {
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Argon2, with whatever parameters a hash has.
pub(super) struct KeptMemory;

impl CustomizedPasswordHasher<PasswordHash> for KeptMemory {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
        let argon2 = Argon2::new(algorithm, version, params.clone());
        within(params.block_count(), |blocks| argon2.hash_password_into_with_memory(password, salt, output, blocks))?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        })
    }
}

/// Works in `count` blocks, which the thread keeps unless they are more than our own hashes take.
fn within<T>(count: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
    BLOCKS.with_borrow_mut(|blocks| {
        blocks.resize(count, Block::default());
        let done = work(blocks);
        let ours = Params::default().block_count();
        if count > ours {
            blocks.truncate(ours);
            blocks.shrink_to_fit();
        }
        done
    })
}
