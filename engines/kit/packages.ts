import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { FailureError, messageOf } from '../../common/errors.js';
import { installCommand } from '../../common/installation.js';

const require = createRequire(import.meta.url);

/** A client package that is missing or does not load. */
export class ClientError extends FailureError {
  readonly package: string;
  /** Whether its folder is there. */
  readonly installed: boolean;
  /** What the package said when it was loaded; empty where it is not there. */
  readonly said: string;

  /** @param install the command that installs it, if not the usual one */
  constructor(name: string, cause: unknown, install = installCommand([name])) {
    const installed = packageVersion(name) !== undefined;
    const said = installed ? messageOf(cause) : '';
    const what = installed
      ? `package ${name} is installed but does not load: ${firstLine(said)}`
      : `package ${name} is not installed`;
    super(what, { next: `${install} ("vecproof doctor" says more)`, cause });
    this.package = name;
    this.installed = installed;
    this.said = said;
  }
}

/**
 * Loads a client package that may be missing (all clients are optional dependencies).
 * Throws ClientError with the command that installs it. Always through `require`: some clients (apache-arrow)
 * must be the very instance that another package gets, and those packages are CommonJS.
 */
export function requireClient(name: string): unknown {
  return loading(name, () => require(name));
}

/** What a client does when it loads its native part, which may be long after its import. Throws ClientError. */
export function loading<T>(name: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw error instanceof ClientError ? error : new ClientError(name, error);
  }
}

/**
 * Version of an installed package, read from its package.json even where an exports map hides it.
 * @param from file that would import it; one of this project if absent
 */
export function packageVersion(name: string, from?: string): string | undefined {
  const folder = ((from === undefined ? require : createRequire(from)).resolve.paths(name) ?? [])
    .map((path) => join(path, name))
    .find((path) => existsSync(join(path, 'package.json')));
  if (folder === undefined) return undefined;
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string }).version;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
