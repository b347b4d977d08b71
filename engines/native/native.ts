import { basename } from 'node:path';
import { messageOf } from '../../common/errors.js';
import { readMachineCode } from './machine-code.js';
import type { CodeCounts } from './x86.js';

/** What was found in one native library. */
export type NativeLibrary = { file: string } & (
  | ({ state: 'read' } & CodeCounts)
  | { state: 'unknown'; reason: string }
);

/** Native libraries of an engine, and what it says of itself. */
export interface NativeParts {
  libraries: NativeLibrary[];
  said?: string;
}

/** Reads the machine code of libraries. One that cannot be read is told. */
export function nativeParts(paths: readonly string[], said: string | undefined): NativeParts {
  return { libraries: paths.map(library), ...(said !== undefined && { said }) };
}

function library(path: string): NativeLibrary {
  const file = shortPath(path);
  try {
    const counts = readMachineCode(path);
    return counts === undefined
      ? { file, state: 'unknown', reason: 'no machine code for x86-64 on Linux' }
      : { file, state: 'read', ...counts };
  } catch (error) {
    return { file, state: 'unknown', reason: messageOf(error) };
  }
}

/** From the package's name on: where it is installed says nothing, and is nobody's business. */
function shortPath(path: string): string {
  const at = path.lastIndexOf('/node_modules/');
  return at < 0 ? basename(path) : path.slice(at + '/node_modules/'.length);
}
