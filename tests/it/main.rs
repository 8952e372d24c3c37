//! The gateway from outside: started in-process, spoken to over sockets, with real servers behind it.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod arrivals;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bundles;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod console;
#[cfg(test)]
mod control;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod markers;
#[cfg(test)]
mod mmdb;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod monitoring;
#[cfg(test)]
mod nginx;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod otlp;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod shadow;
#[path = "../shipped/mod.rs"]
mod shipped;
#[cfg(test)]
mod smoke;
#[cfg(test)]
mod webhooks;
