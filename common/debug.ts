import { printable } from './print.js';

/**
 * What `VECPROOF_DEBUG=run,process` asks for, on stderr: one line each, `vecproof:run 1234.567 text`, milliseconds since
 * the process began. `*` stands for all. Texts hold names, numbers and states, never an address, a query or an error of
 * a client, which may hold secrets.
 */
const NAMESPACES = ['run', 'process', 'engine', 'workload'] as const;
export type DebugNamespace = (typeof NAMESPACES)[number];

const PREFIX = 'vecproof:';
const asked = new Set((process.env['VECPROOF_DEBUG'] ?? '').split(',').map((name) => name.trim()));

/** Whether a namespace is shown; lets a caller leave out what is costly to say. */
export function isDebugging(namespace: DebugNamespace): boolean {
  return asked.has(namespace) || asked.has('*');
}

/** @param text is made only if it is shown */
export function debug(namespace: DebugNamespace, text: () => string): void {
  if (!isDebugging(namespace)) return;
  printDebugLine(`${PREFIX}${namespace} ${performance.now().toFixed(3)} ${text()}`);
}

/** One of these lines, also of another process of ours. */
export function printDebugLine(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** Whether a line that another process wrote is one of these. */
export function isDebugLine(line: string): boolean {
  return NAMESPACES.some((namespace) => line.startsWith(`${PREFIX}${namespace} `));
}

/** Names of `VECPROOF_DEBUG` that there are not. */
export function unknownDebugNamespaces(): string[] {
  return [...asked].filter(
    (name) => name !== '' && name !== '*' && !NAMESPACES.some((known) => known === name),
  );
}

export const DEBUG_NAMESPACES: readonly string[] = NAMESPACES;
