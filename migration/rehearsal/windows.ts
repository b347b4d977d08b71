/** The protocol of a cutover, window by window. The order is the point of it; docs/rehearsal.md says why. */
export const WINDOW_NAMES = [
  'capture',
  'snapshot',
  'backfill',
  'replay',
  'verify',
  'shadow',
  'ramp',
  'observe',
  'rollback',
  'finish',
] as const;
export type WindowName = (typeof WINDOW_NAMES)[number];

export interface WindowFacts {
  title: string;
  /** Completes "it …". */
  does: string;
  /** Conditions in words. */
  entry: string;
  exit: string;
  /** How one goes back from here. */
  back: string;
}

export const WINDOWS: Readonly<Record<WindowName, WindowFacts>> = {
  capture: {
    title: 'Capture',
    does: 'turns the change log on and writes a marker into it',
    entry: 'both sides answer; the target’s collection is new, empty and ours',
    exit: 'the marker was read back from the log, and the log holds every write acknowledged since',
    back: 'turn capture off; nothing else was changed',
  },
  snapshot: {
    title: 'Snapshot',
    does: 'copies the source as it is at one moment',
    entry: 'the marker was seen in the log',
    exit: 'the copy is complete, and its moment is not before the marker',
    back: 'drop the copy',
  },
  backfill: {
    title: 'Backfill',
    does: 'writes the copy into the target, only where no newer state is there',
    entry: 'the snapshot is complete, and younger than the marker',
    exit: 'every row of the copy is in the target, or was changed or deleted since',
    back: 'drop the target’s collection',
  },
  replay: {
    title: 'Replay',
    does: 'applies the log from the marker on, in order, each change once or more often with the same effect',
    entry: 'the backfill is complete',
    exit: 'the backlog is empty and nothing is held back',
    back: 'drop the target’s collection',
  },
  verify: {
    title: 'Verify',
    does: 'compares every row that was touched, asks for deleted ones again, and looks for rows of strangers',
    entry: 'the replay has caught up',
    exit: 'touched rows are equal on both sides, deleted ones are gone, all others are explained',
    back: 'drop the target’s collection',
  },
  shadow: {
    title: 'Shadow reads',
    does: 'asks the target what the source is asked, and compares; the source answers',
    entry: 'touched rows are equal on both sides',
    exit: 'enough comparable queries agree, and the source’s answers were not slowed or failed',
    back: 'switch the shadow off',
  },
  ramp: {
    title: 'Ramp',
    does: 'lets the target answer a growing share of reads',
    entry: 'the shadow agrees, and the way back is alive: a write reaches the source whoever answers reads',
    exit: 'the target answers all reads, without errors and without rows that were deleted',
    back: 'set the share to 0; the source has every write',
  },
  observe: {
    title: 'Observe',
    does: 'restarts the target, asks for deleted rows again, compares again, looks for strangers again',
    entry: 'the target answers all reads; the way back is alive',
    exit: 'what was deleted stayed deleted, and both sides are equal',
    back: 'set the share to 0; the source has every write',
  },
  rollback: {
    title: 'Going back',
    does: 'sets the share to 0 in the middle of traffic, and checks that the source has everything',
    entry: 'the way back is alive and has no backlog',
    exit: 'the source holds every acknowledged write',
    back: 'this is it',
  },
  finish: {
    title: 'Finish',
    does: 'lets the target answer again, stops the traffic, and compares both sides with what was acknowledged',
    entry: 'going back has lost nothing',
    exit: 'no acknowledged write is lost, no deleted row is served, no older version stands over a newer one',
    back: 'set the share to 0 until the old side is given up',
  },
};
