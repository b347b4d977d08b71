import type { ChangeLog } from '../../changes/log.js';
import type { ChangeTarget, Write } from '../../changes/target.js';

/** Known mistakes of live migrations. Put back, each has to be found. */
export const BUGS = {
  'capture-after-snapshot': 'the snapshot is taken before changes are captured',
  'unconditional-backfill': 'a backfilled row is written over whatever is there',
  'delete-without-tombstone': 'a deletion leaves nothing behind that a backfill or an older change could see',
  'cursor-before-acknowledgement': 'the cursor moves when changes are read, not when they are in the target',
  'release-before-durable': 'a mutation is released and acknowledged before the log has committed it',
  'reads-past-open-transactions': 'the log is read past transactions that have not ended yet',
  'replay-without-versions': 'whatever comes is applied, also where the target has something newer',
  'no-floor': 'changes come that the snapshot holds already, in an older state',
  'no-reverse-path': 'writes of the target are not brought to the source before it is rolled back',
} as const;
export type Bug = keyof typeof BUGS;

/** The real log, but that it moves a consumer's cursor as soon as changes are read. */
export function acknowledgingReads(log: ChangeLog, consumer: string): ChangeLog {
  return {
    ...bound(log),
    read: async (after, limit, signal) => {
      const changes = await log.read(after, limit, signal);
      const last = changes.at(-1);
      if (last !== undefined) await log.acknowledge(consumer, last.position);
      return changes;
    },
  };
}

function bound(log: ChangeLog): ChangeLog {
  return {
    place: log.place,
    append: (changes, signal) => log.append(changes, signal),
    mark: (collection, name) => log.mark(collection, name),
    read: (after, limit, signal) => log.read(after, limit, signal),
    watermark: () => log.watermark(),
    begin: (consumer, start) => log.begin(consumer, start),
    floor: (consumer) => log.floor(consumer),
    cursor: (consumer) => log.cursor(consumer),
    acknowledge: (consumer, position) => log.acknowledge(consumer, position),
    backlog: (consumer) => log.backlog(consumer),
    close: () => log.close(),
  };
}

/** The real target, but that each write is made as if nothing were known of its row. */
export function withoutCondition(target: ChangeTarget, forget: (write: Write) => void): ChangeTarget {
  return {
    place: target.place,
    condition: target.condition,
    apply: (changes, signal) => {
      for (const change of changes) forget(change);
      return target.apply(changes, signal);
    },
    read: (keys) => target.read(keys),
  };
}

/** The real target, but that nothing is known of a row once it is deleted; what is read back looks right. */
export function withoutTombstones(target: ChangeTarget, forget: (write: Write) => void): ChangeTarget {
  const deleted = new Map<string, Write>();
  const key = (row: Pick<Write, 'collection' | 'id'>) => `${row.collection} ${row.id}`;
  return {
    place: target.place,
    condition: target.condition,
    apply: async (changes, signal) => {
      const outcomes = await target.apply(changes, signal);
      for (const change of changes) {
        if (change.kind === 'delete') {
          forget(change);
          deleted.set(key(change), change);
        } else deleted.delete(key(change));
      }
      return outcomes;
    },
    read: async (keys) => {
      const rows = await target.read(keys);
      return rows.map((row, i) => {
        const gone = deleted.get(key(keys[i]!));
        return row === undefined && gone !== undefined
          ? { version: gone.version, deleted: true, point: undefined }
          : row;
      });
    },
  };
}
