import type { IdKind, PointId } from '../contract/ids.js';
import { OWN } from './fields.js';

/** The server's ids are text that is not empty. */
const MARK = `${OWN}id:`;

export function serverId(id: PointId): string {
  if (typeof id === 'bigint') return String(id);
  return id === '' || id.startsWith(MARK) ? MARK + id : id;
}

export function pointId(kind: IdKind, id: string): PointId {
  if (kind === 'u32' || kind === 'u64') return BigInt(id);
  return id.startsWith(MARK) ? id.slice(MARK.length) : id;
}
