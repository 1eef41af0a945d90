//! What is handed out, judged by the tools of those who take it: the chart by Helm and Kubernetes' schemas, the
//! Dockerfile by hadolint, the image's root folder by running in it, the wheel by pip.

mod chart;
#[cfg(target_os = "linux")]
mod image;
mod wheel;
