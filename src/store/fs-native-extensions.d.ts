declare module 'fs-native-extensions' {
  /** Locks an open file for this opening of it alone; false when another has the lock. */
  export function tryLock(fd: number): boolean;
}
