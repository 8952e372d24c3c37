//! The gateway from outside: started in-process, spoken to over sockets, with real servers behind it.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod control;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod nginx;
