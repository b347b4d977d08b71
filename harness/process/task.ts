import type { Endpoint } from '../../engines/contract/server.js';
import type { Place } from './turns.js';

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

/** A kind of work that runs in a process of its own: data that the supervisor and the process agree on. */
export interface Task<T extends TaskTypes> {
  /** In messages: `the process of the build crashed`. */
  name: string;
  /** Compiled module, from the root of `dist/`, that exports `runTask` as a `RunTask`. */
  module: string;
  /** Phase whose deadline the start of the process has. */
  first: T['phase'];
  /** By phase the deadline that it has; null: a part of another phase, which has none of its own. */
  phases: Readonly<Record<T['phase'], T['deadline'] | null>>;
  /** Where a user sets its deadlines, for messages; absent: under the deadline's key in a suite's `deadline`. */
  deadlineOption?: string | undefined;
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

/** What a task has in its process. */
export interface TaskContext<T extends TaskTypes> {
  /** Resolves when the message is handed to the system: a native call that follows cannot hold it back. */
  send: (message: TaskMessage<T>) => Promise<void>;
  /** Raised when the run is stopped; a task that goes on is ended a little later. */
  signal: AbortSignal;
  restartServer: RestartServer;
  /**
   * Of a task that works in turns with others: lets them, and resolves when it is its turn again; at once where there are no
   * others. Rejects with the signal's reason.
   */
  turn: (place: Place) => Promise<void>;
}

/** Resolves when all is done and said: the process ends then, whatever is still open. */
export type RunTask<T extends TaskTypes> = (input: T['input'], context: TaskContext<T>) => Promise<void>;

/** How a task's process ended. `report`: its last one. */
export type TaskEnd<T extends TaskTypes> =
  | { state: 'completed'; report: T['report'] | undefined }
  | { state: 'aborted'; report: T['report'] | undefined }
  | {
      state: 'failed';
      report: T['report'] | undefined;
      error: string;
      /** Where it happened; undefined before the first phase. */
      phase: T['phase'] | undefined;
      /** What the phase was about. */
      subject: string | undefined;
      /** The process ended by itself after saying why; otherwise it crashed, was killed, or lost its server. */
      orderly: boolean;
    };

/** Has the supervisor restart the task's server; resolves with its new address. */
export type RestartServer = (how: 'stop' | 'kill') => Promise<Endpoint>;

/** What was done cannot be written down: no fault of the task, and nothing that follows could be kept either. */
export class RecordingError extends Error {}
