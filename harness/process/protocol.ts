import type { Secret } from '../../common/redact.js';
import type { ContainerHandle, Endpoint } from '../../engines/contract/server.js';
import type { TaskMessage, TaskTypes } from './task.js';
import type { Place } from './turns.js';

/** The first message to a process: what it does. */
export interface Start {
  module: string;
  input: unknown;
  /** What it must not tell anybody either. */
  secrets: readonly Secret[];
  leavings: Leavings;
}

/** What the watchdog removes if the supervisor is killed. */
export interface Leavings {
  /**
   * Lock file that the supervisor holds. Files are removed only while it is still its own (another supervisor may have
   * taken over), and the lock at last.
   */
  lock: string;
  folders: readonly string[];
  /** Folders in which unfinished files (`.tmp-…`) are removed. */
  temporariesIn: readonly string[];
  container?: ContainerHandle | undefined;
}

/** The process has loaded its task and begins it. Not passed on: it concerns the supervisor alone. */
export const READY = 'ready';

/** It is the process' turn. */
export const TURN = 'turn';

/** What the process itself adds to that. */
export type ProcessMessage<T extends TaskTypes> =
  | TaskMessage<T>
  /** Asks the supervisor, which owns the server; it answers with a `ServerReply`. */
  | { type: 'restartServer'; how: 'stop' | 'kill' }
  /** Waits for its turn; the supervisor answers `TURN`. */
  | { type: 'turn'; place: Place }
  /** The task cannot go on. `lost`: the connection to the server broke, which says nothing about what was not begun. */
  | { type: 'failed'; error: string; lost: boolean }
  /** Observations cannot be kept (a full disk, say): the whole run has to end. */
  | { type: 'unrecordable'; error: string }
  | { type: 'done' };

/** What the supervisor tells the process, beside the start, `abort` and `TURN`. */
export type ServerReply = { type: 'server'; endpoint: Endpoint } | { type: 'server'; error: string };
