//! What a start leaves in memory: the program's own code, most of which runs once.
//!
//! The kernel maps a program's pages as they are run, and with each the 64 KiB around it. After a start of
//! the service that is most of its resident memory. The service calls [`forget_start`] when it serves; nothing
//! else belongs in here, as this is the one crate of the workspace that may say `unsafe`.

use std::io;

/// Takes the program's code out of the resident memory of this process; what runs from then on comes back,
/// out of the kernel's cache of the file and without a disk, 64 KiB for about a microsecond.
///
/// The cache keeps the pages until the kernel wants the memory for something else, which it gets sooner for
/// pages that no process has mapped. Libraries stay as they are, and so does what the program wrote to.
/// Breakpoints that a debugger has set by then are gone. Gives the bytes of code that were let go of, mapped
/// or not: zero where the system is not Linux.
///
/// # Errors
/// `/proc` cannot be read, or the kernel refuses; then everything is as it was.
pub fn forget_start() -> io::Result<u64> {
    #[cfg(target_os = "linux")]
    return linux::forget_start();
    #[cfg(not(target_os = "linux"))]
    Ok(0)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use procfs::process::{MMPermissions, MMapPath, MemoryMap, Process};
    use rustix::mm::{Advice, madvise};

    pub(super) fn forget_start() -> io::Result<u64> {
        let process = Process::myself().map_err(io::Error::other)?;
        let program = MMapPath::Path(process.exe().map_err(io::Error::other)?);
        let mut bytes = 0;
        for map in process.maps().map_err(io::Error::other)? {
            if map.pathname == program && map.perms == CODE {
                bytes += forget(&map)?;
            }
        }
        Ok(bytes)
    }

    /// Never to be written to, and no one else's.
    const CODE: MMPermissions =
        MMPermissions::READ.union(MMPermissions::EXECUTE).union(MMPermissions::PRIVATE);

    fn forget(map: &MemoryMap) -> io::Result<u64> {
        let (start, end) = map.address;
        let length = end - start;
        let (at, bytes) = (usize::try_from(start), usize::try_from(length));
        let (Ok(at), Ok(bytes)) = (at, bytes) else { return Ok(0) };
        // SAFETY: the kernel lists this range as the file of the program, mapped as private and without the right
        // to write. So each of its pages holds what the file holds, and that is what the next look finds there.
        #[expect(unsafe_code, reason = "the kernel cannot be asked otherwise")]
        unsafe { madvise(at as *mut _, bytes, Advice::LinuxDontNeed) }?;
        Ok(length)
    }
}
