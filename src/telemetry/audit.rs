//! What the audit's sink counts.

use std::{fmt, io};

use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};

use super::{
    catalogue as c,
    instruments::{counter, counters, gauge},
    metrics::MetricsError,
};

/// What the sink of the audit counts; cheap to clone.
#[derive(Clone)]
pub struct AuditMetrics {
    pub(crate) written: IntCounter,
    pub(crate) dropped: IntCounter,
    errors: IntCounterVec,
    pub(crate) queue_bytes: IntGauge,
    pub(crate) sequence: IntGauge,
    pub(crate) unsealed: IntGauge,
    pub(crate) seals: IntCounter,
    pub(crate) rotations: IntCounter,
}

impl AuditMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let errors = counters(registry, &c::AUDIT_ERRORS)?;
        // There from the start, so that the first failure is an increase.
        for failure in AuditFailure::ALL {
            errors.get_metric_with_label_values(&[failure.as_str()])?;
        }
        Ok(Self {
            written: counter(registry, &c::AUDIT_WRITTEN)?,
            dropped: counter(registry, &c::AUDIT_DROPPED)?,
            errors,
            queue_bytes: gauge(registry, &c::AUDIT_QUEUE)?,
            sequence: gauge(registry, &c::AUDIT_SEQUENCE)?,
            unsealed: gauge(registry, &c::AUDIT_UNSEALED)?,
            seals: counter(registry, &c::AUDIT_SEALS)?,
            rotations: counter(registry, &c::AUDIT_ROTATIONS)?,
        })
    }

    pub(crate) fn failed(&self, failure: AuditFailure) {
        if let Ok(series) = self.errors.get_metric_with_label_values(&[failure.as_str()]) {
            series.inc();
        }
    }
}

impl fmt::Debug for AuditMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditMetrics").finish_non_exhaustive()
    }
}

/// What of the audit could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuditFailure {
    Open,
    Seal,
    Rotate,
    Sync,
    /// To write, for want of room, of a reader, or of a right; or otherwise.
    NoSpace,
    BrokenPipe,
    Permission,
    Io,
}

impl AuditFailure {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::Seal,
        Self::Rotate,
        Self::Sync,
        Self::NoSpace,
        Self::BrokenPipe,
        Self::Permission,
        Self::Io,
    ];

    pub(crate) fn to_write(error: &io::Error) -> Self {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            Self::NoSpace
        } else if kind == io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Permission
        } else {
            Self::Io
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Seal => "seal",
            Self::Rotate => "rotate",
            Self::Sync => "sync",
            Self::NoSpace => "no_space",
            Self::BrokenPipe => "broken_pipe",
            Self::Permission => "permission",
            Self::Io => "io",
        }
    }
}
