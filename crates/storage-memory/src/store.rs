//! What several handles share: the tables behind a lock.

use std::sync::Arc;

use countersign_core::error::RepositoryError;
use countersign_core::repository::Result;
use tokio::sync::RwLock;
use tokio::task::spawn_blocking;

use crate::migration;
use crate::tables::Tables;

/// Tables, once they are laid out, that every clone shares.
///
/// A short read holds them while it lasts, a long one that waits for others, such as an export, looks at a copy. A
/// write has them for itself.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<RwLock<Option<Tables>>>);

impl Store {
    /// Looks at the tables, past the port.
    pub async fn view<T>(&self, look: impl FnOnce(&Tables) -> T) -> Result<T> {
        self.read(|tables| Ok(look(tables))).await
    }

    /// Edits the tables, past the port: nothing is checked, and nothing is derived anew.
    pub async fn edit<T>(&self, edit: impl FnOnce(&mut Tables) -> T) -> Result<T> {
        self.write(|tables| Ok(edit(tables))).await
    }

    pub(crate) async fn migrate(&self) -> Vec<String> {
        migration::run(&mut *self.0.write().await)
    }

    /// A read that is done at once.
    pub(crate) async fn read<T>(&self, work: impl FnOnce(&Tables) -> Result<T>) -> Result<T> {
        work(self.0.read().await.as_ref().ok_or_else(migration::missing)?)
    }

    /// A write that is done at once.
    pub(crate) async fn write<T>(&self, work: impl FnOnce(&mut Tables) -> Result<T>) -> Result<T> {
        work(self.0.write().await.as_mut().ok_or_else(migration::missing)?)
    }

    /// A read whose length depends on what there is, on a thread that may be held up.
    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let held = Arc::clone(&self.0).read_owned().await;
        elsewhere(move || work(held.as_ref().ok_or_else(migration::missing)?)).await
    }

    /// A read that waits for others, and so must not hold up writers: of a copy, on a thread that may be held up.
    pub(crate) async fn copied<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables) -> T + Send + 'static,
    ) -> Result<T> {
        let held = Arc::clone(&self.0).read_owned().await;
        elsewhere(move || {
            let copy = held.clone().ok_or_else(migration::missing)?;
            drop(held);
            Ok(work(&copy))
        })
        .await
    }

    /// A write whose length depends on what there is, on a thread that may be held up.
    pub(crate) async fn bulk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables) -> T + Send + 'static,
    ) -> Result<T> {
        let mut held = Arc::clone(&self.0).write_owned().await;
        elsewhere(move || Ok(work(held.as_mut().ok_or_else(migration::missing)?))).await
    }
}

async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| RepositoryError::Internal(error.to_string()))?
}
