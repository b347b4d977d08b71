import { instructionsText } from '../../harness/model/native.js';
import type { TrialRow } from '../../harness/model/results.js';
import { listed } from '../format.js';

type VersionedRow = Pick<TrialRow, 'engine' | 'engineVersion' | 'server' | 'client' | 'instructions'>;

const ORIGINS = {
  pinned: 'pinned image',
  local: 'built locally',
  chosen: 'chosen image',
  url: 'running server',
} as const;

/** How queries reach a server; a client of another version stands as it is named. */
const CLIENTS: Readonly<Record<string, string>> = {
  official: 'official client',
  'raw-http': 'raw HTTP',
  grpc: 'gRPC past the official client',
  binary: 'binary parameters',
};

/** What stands beside a contender's name: version, where its server came from, its client, widest vector instructions of its code. */
export function aboutRow(row: VersionedRow): string {
  const { server, client, instructions } = row;
  return [
    ...(versionText(row) ?? []),
    ...(server?.origin === undefined ? [] : [ORIGINS[server.origin]]),
    ...(client === undefined ? [] : [Object.hasOwn(CLIENTS, client) ? CLIENTS[client]! : client]),
    ...(instructions === undefined ? [] : [instructionsText(instructions)]),
  ].join(', ');
}

/** The same of several rows, once each: a run that was continued may have had two versions of a contender. */
export function aboutRows(rows: readonly VersionedRow[]): string {
  const texts = [...new Set(rows.map(aboutRow))].filter((text) => text !== '');
  // Of one that was not measured the client is not known: that is no other contender.
  const isPart = (text: string) => texts.some((other) => other.startsWith(`${text}, `));
  return texts.filter((text) => !isPart(text)).join(' / ');
}

/** A server that tells no version of its own is named by that of its image, where the image is labelled with it. */
function versionText({ engineVersion, server }: VersionedRow): string[] | undefined {
  const image = server?.imageVersion;
  if (engineVersion === null) return undefined;
  return image === undefined || numbersOf(engineVersion) !== undefined
    ? [engineVersion]
    : [`${image} (${engineVersion})`];
}

/** A sentence on the engines whose server is older than the one in the pinned image; undefined: there are none. */
export function olderVersions(rows: readonly VersionedRow[]): string | undefined {
  const older = rows.flatMap((row) => {
    const pinned = row.server?.pinnedVersion;
    const own = [row.engineVersion, row.server?.imageVersion].map((text) => numbersOf(text ?? ''));
    const known = own.find((numbers) => numbers !== undefined);
    const wanted = numbersOf(pinned ?? '');
    if (known === undefined || wanted === undefined || !isOlder(known, wanted)) return [];
    return [`${row.engine} ${known.join('.')} (pinned: ${pinned})`];
  });
  const names = [...new Set(older)];
  if (names.length === 0) return undefined;
  const [verb, its] = names.length === 1 ? ['is', 'its'] : ['are', 'their'];
  return `${listed(names)} ${verb} older than what vecproof pins: ${its} figures are those of an old version.`;
}

/** `2.3.5` of `2.3.5`, `v2.3.5` and `2.3.5 on PostgreSQL 17.6`; undefined where a text does not begin with a version. */
function numbersOf(text: string): number[] | undefined {
  const [, numbers] = /^v?(\d+(?:\.\d+)+)/.exec(text) ?? [];
  return numbers?.split('.').map(Number);
}

function isOlder(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [mine, other] = [a[i] ?? 0, b[i] ?? 0];
    if (mine !== other) return mine < other;
  }
  return false;
}
