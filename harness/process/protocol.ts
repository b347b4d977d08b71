import type { ContainerHandle, Endpoint } from '../../engines/contract/server.js';

/** The types of one kind of task. */
export interface TaskTypes {
  /** What its process is given; survives a structured clone. */
  input: unknown;
  phase: string;
  /** Keys of its deadlines. */
  deadline: string;
  /** What it tells beside the messages that all tasks have; discriminated by `type`. */
  message: { type: string };
  /** What it has to show, as far as it came: the last report counts, also of a task that failed. */
  report: unknown;
}

/** The first message to a process: what it does. */
export interface Start {
  module: string;
  input: unknown;
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

/** What a task tells the supervisor. A phase's `begin` is flushed before the phase starts. */
export type TaskMessage<T extends TaskTypes> =
  | {
      type: 'begin';
      phase: T['phase'];
      /** What the phase is about, e.g. a trial. */
      subject?: string;
      /** Size of the phase in `unit`; progress counts up to it. */
      total: number;
      unit: string;
    }
  | { type: 'progress'; done: number }
  | { type: 'end'; phase: T['phase']; subject?: string; seconds: number }
  | { type: 'report'; report: T['report'] }
  | { type: 'warning'; message: string }
  | T['message'];

/** What the process itself adds to that. */
export type ProcessMessage<T extends TaskTypes> =
  | TaskMessage<T>
  /** Asks the supervisor, which owns the server; it answers with a `ServerReply`. */
  | { type: 'restartServer'; how: 'stop' | 'kill' }
  /** The task cannot go on. `lost`: the connection to the server broke, which says nothing about what was not begun. */
  | { type: 'failed'; error: string; lost: boolean }
  /** Observations cannot be kept (a full disk, say): the whole run has to end. */
  | { type: 'unrecordable'; error: string }
  | { type: 'done' };

/** What the supervisor tells the process, beside the start and `abort`. */
export type ServerReply = { type: 'server'; endpoint: Endpoint } | { type: 'server'; error: string };
