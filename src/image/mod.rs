//! What one interpreter keeps in its image: the host's facts, the door, and the native module `_apache`. The statics
//! here exist once per image, which is once per interpreter.

pub mod state;
