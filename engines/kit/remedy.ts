import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installationOf, installCommand, rebuildCommand } from '../../common/installation.js';

/** A package that did not load, as a child process tells it. */
export interface LoadFailure {
  package: string;
  /** Whether its folder is there. */
  installed: boolean;
  /** What it said; empty where it is not there. */
  said: string;
}

/** What of an engine's packages matters for why they are missing. */
export interface Needs {
  /** Those that are compiled on this machine when they are installed. */
  compiled: readonly string[];
  /** Oldest Node that npm installs them on, where that is newer than vecproof's own. */
  node: string | undefined;
}

export interface Remedy {
  /** Why it cannot be loaded, as far as can be told. */
  reason: string;
  /** What to do: one command, or what to get before it. */
  next: string;
}

/** Why a package cannot be loaded and what to do about it. Reads this machine; nothing is changed. */
export function remedyFor(failure: LoadFailure, { compiled, node }: Needs): Remedy {
  const { package: name, installed, said } = failure;
  if (!installed) {
    if (node !== undefined && isOlder(process.versions.node, node)) return tooOld(name, node);
    return compiled.includes(name) ? notCompiled(name) : notInstalled(name);
  }
  if (/NODE_MODULE_VERSION|different Node\.js version/.test(said)) return otherNode(name, said);
  if (/bindings file|No native build was found/i.test(said)) return neverCompiled(name);
  const next = /GLIBC|GLIBCXX/.test(said)
    ? 'use a newer Linux distribution: the package is compiled for one'
    : rebuildCommand([name]);
  return { reason: `package ${name} is installed but does not load: ${firstLine(said)}`, next };
}

function tooOld(name: string, node: string): Remedy {
  return {
    reason: `package ${name} is not installed: it needs Node ${node} or newer, and npm silently skips optional packages that do not fit`,
    next: `install Node ${node} or newer, then: ${installCommand([name])}`,
  };
}

function notInstalled(name: string): Remedy {
  return { reason: `package ${name} is not installed`, next: installCommand([name]) };
}

function notCompiled(name: string): Remedy {
  const missing = missingTools();
  if (missing.length === 0) {
    const compile = `${nodedir()}${installCommand([name])} --foreground-scripts`;
    return {
      reason: `package ${name} is not installed: it is compiled when it is installed, and npm silently skips packages that fail to compile`,
      next: `${compile} (shows the compiler's messages)`,
    };
  }
  return {
    reason: `package ${name} is not installed: it is compiled when it is installed, and ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing here`,
    next: `${toolsCommand(missing)}, then: ${nodedir()}${installCommand([name])}`,
  };
}

function otherNode(name: string, said: string): Remedy {
  const [found] = /NODE_MODULE_VERSION (\d+)/.exec(said)?.slice(1) ?? [];
  const versions =
    found === undefined ? '' : ` (its ABI is ${found}, this one's ${process.versions.modules})`;
  return {
    reason: `package ${name} was compiled for another version of Node${versions}`,
    next: compileAgain(name),
  };
}

function neverCompiled(name: string): Remedy {
  return {
    reason: `package ${name} is installed without its native part: its install script did not run`,
    next: compileAgain(name),
  };
}

/** npm 12 runs the install scripts of a project's packages only once they are approved. */
function compileAgain(name: string): string {
  const missing = missingTools();
  const tools = missing.length === 0 ? '' : `${toolsCommand(missing)}, then: `;
  const approve =
    installationOf() === 'dependency' && npmMajor() >= 12 ? `npm install-scripts approve ${name} && ` : '';
  return `${tools}${approve}${nodedir()}${rebuildCommand([name])}`;
}

/** What node-gyp needs and cannot find on the PATH. */
function missingTools(): string[] {
  if (process.platform === 'win32') return [];
  const needed = [
    { name: 'a C++ compiler', commands: [process.env['CXX'] ?? '', 'c++', 'g++', 'clang++'] },
    { name: 'make', commands: ['make', 'gmake'] },
    { name: 'Python 3', commands: ['python3', 'python'] },
  ];
  return needed.filter(({ commands }) => !commands.some(isOnPath)).map(({ name }) => name);
}

function isOnPath(command: string): boolean {
  if (command === '') return false;
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false; // Not in this folder.
    }
  });
}

function toolsCommand(missing: readonly string[]): string {
  const isDebian = existsSync('/etc/debian_version');
  if (isDebian) return 'apt-get install --yes g++ make python3 (as root)';
  if (process.platform === 'darwin') return 'xcode-select --install';
  return `install ${missing.join(', ')}`;
}

/**
 * node-gyp downloads Node's headers unless npm is told where they are. Told of those of another Node it compiles for
 * that one; the setting is overridden then.
 */
function nodedir(): string {
  const configured = npm(['config', 'get', 'nodedir']);
  if (configured === undefined || configured === 'undefined' || configured === 'null') return '';
  if (headersAbi(configured) === process.versions.modules) return '';
  const own = dirname(dirname(process.execPath));
  return headersAbi(own) === process.versions.modules
    ? `npm_config_nodedir=${own} `
    : 'npm config delete nodedir && ';
}

/** Node's ABI that the headers below a folder are of. */
function headersAbi(folder: string): string | undefined {
  const file = join(folder, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) return undefined;
  return /^#define NODE_MODULE_VERSION (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
}

function npmMajor(): number {
  return Number(npm(['--version'])?.split('.')[0] ?? 0);
}

/** npm's answer; undefined where it cannot be asked. */
function npm(args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('npm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  return status === 0 ? stdout.trim() : undefined;
}

function isOlder(version: string, least: string): boolean {
  const a = version.split('.').map(Number);
  const b = least.split('.').map(Number);
  const at = b.findIndex((part, i) => (a[i] ?? 0) !== part);
  return at >= 0 && (a[at] ?? 0) < b[at]!;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
