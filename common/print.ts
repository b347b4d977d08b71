import { hideSecrets } from './secrets.js';
import { visible } from './visible.js';

export interface PrintOptions {
  /** The colours that our own texts have stay. */
  styles?: boolean | undefined;
  /** Lines that are commands of GitHub Actions stay: they were made here, and all foreign text in them is escaped. */
  commands?: boolean | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The one door to terminals and logs: what is printed holds no secret, no control character beside line breaks, tabs
 * and (if asked for) colours, and under CI nothing that it would take for a command.
 */
export function printable(text: string, { styles, commands, env = process.env }: PrintOptions = {}): string {
  const hidden = hideSecrets(text);
  const shown = styles === true ? withStyles(hidden) : visible(hidden);
  if (!takesCommands(env)) return shown;
  const calm = shown.replace(/##(?=\[|vso\[|teamcity\[)/gi, '## ');
  return commands === true ? calm : calm.replace(/^(\s*):(?=:)/gm, '$1: ');
}

/** What picocolors writes for bold, dim, the eight colours and their ends: nothing that hides or moves text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
const STYLE = /(\u001b\[(?:0|1|2|22|39|3[0-7]|9[0-7])m)/;

function withStyles(text: string): string {
  return text
    .split(STYLE)
    .map((part, i) => (i % 2 === 1 ? part : visible(part)))
    .join('');
}

/**
 * CI systems that read commands from the output of a step: `::name` at the start of a line (GitHub), `##[name]` (GitHub,
 * Azure), `##vso[` and `##teamcity[` anywhere in it.
 */
function takesCommands(env: NodeJS.ProcessEnv): boolean {
  return ['GITHUB_ACTIONS', 'TF_BUILD', 'TEAMCITY_VERSION'].some((name) => (env[name] ?? '') !== '');
}
