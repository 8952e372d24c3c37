//! The gateway from outside: started in-process, spoken to over sockets, with real servers behind it.

#[cfg(test)]
mod control;
mod deploy;
#[cfg(test)]
mod nginx;
