//! The process as the system sees it, under the names that Prometheus' own clients use, Python's among them.
//! `mod` registers it where there is a `/proc`; elsewhere these series are missing.

use std::sync::OnceLock;

use procfs::process::{LimitValue, Process};
use prometheus::Error;
use prometheus::proto::MetricType;

use super::readings::{Reading, Readings};

/// Processor time, memory, files, threads and age of this process.
///
/// # Errors
/// An illegal name, which would be a mistake in this file.
pub(super) fn readings() -> Result<Readings<7>, Error> {
    let number = |name, help, kind| Reading { name, help, kind };
    let (counter, gauge) = (MetricType::COUNTER, MetricType::GAUGE);
    let numbers = [
        number("process_cpu_seconds_total", "User and system processor time in seconds.", counter),
        number("process_open_fds", "Open files.", gauge),
        number("process_max_fds", "Most files that may be open.", gauge),
        number("process_virtual_memory_bytes", "Virtual memory in bytes.", gauge),
        number("process_resident_memory_bytes", "Resident memory in bytes.", gauge),
        number("process_start_time_seconds", "Start of the process in seconds since 1970.", gauge),
        number("process_threads", "Threads of the process.", gauge),
    ];
    Readings::new(numbers, read)
}

#[expect(clippy::cast_precision_loss, reason = "none of these comes near 2^53")]
fn read() -> [Option<f64>; 7] {
    let Ok(process) = Process::myself() else { return [None; 7] };
    let stat = process.stat().ok();
    let ticks = procfs::ticks_per_second() as f64;
    let of_stat =
        |value: fn(&procfs::process::Stat) -> u64| stat.as_ref().map(|it| value(it) as f64);
    // The system started once; what says when is a long file.
    static BOOTED: OnceLock<Option<u64>> = OnceLock::new();
    let booted = BOOTED.get_or_init(|| procfs::boot_time_secs().ok());
    let most_files =
        process.limits().ok().and_then(|limits| match limits.max_open_files.soft_limit {
            LimitValue::Value(files) => Some(files as f64),
            LimitValue::Unlimited => None,
        });
    [
        of_stat(|it| it.utime + it.stime).map(|spent| spent / ticks),
        process.fd_count().ok().map(|files| files as f64),
        most_files,
        of_stat(|it| it.vsize),
        of_stat(|it| it.rss * procfs::page_size()),
        of_stat(|it| it.starttime)
            .zip(*booted)
            .map(|(after, booted)| after / ticks + booted as f64),
        of_stat(|it| u64::try_from(it.num_threads).unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use prometheus::core::Collector as _;

    use super::readings;

    #[test]
    fn the_process_sees_itself() {
        let families = readings().unwrap().collect();
        let value = |name: &str| {
            let family = families.iter().find(|family| family.name() == name);
            let metric = &family.unwrap_or_else(|| panic!("no {name}")).get_metric()[0];
            metric.get_gauge().get_value() + metric.get_counter().get_value()
        };
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"));
        assert!(value("process_threads") >= 1.0);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_max_fds") >= value("process_open_fds"));
        assert!(value("process_cpu_seconds_total") >= 0.0);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let age = now.as_secs_f64() - value("process_start_time_seconds");
        assert!((-2.0..600.0).contains(&age), "{age}");
    }
}
