import type { Room } from './room.js';
import type { Source } from './source.js';

/**
 * How much a case demands. `subject`: what the subject says. `exam`: what solutions that are known to be accepted
 * satisfy. `practice`: what good practice asks in addition. `beyond`: what a server for everyday use should withstand.
 */
export const RANKS = ['subject', 'exam', 'practice', 'beyond'] as const;
export type Rank = (typeof RANKS)[number];

/** The subject of mini_serv as most schools have it, word for word. Each case names the paragraph that it comes from. */
export const PARAGRAPHS = {
  purpose:
    'Write a program that will listen for client to connect on a certain port on 127.0.0.1 and will let clients to speak with each other',
  port: 'This program will take as first argument the port to bind to',
  arguments:
    'If no argument is given, it should write in stderr "Wrong number of arguments" followed by a \\n and exit with status 1',
  fatal:
    'If a System Calls returns an error before the program start accepting connection, it should write in stderr "Fatal error" followed by a \\n and exit with status 1',
  lazy: "Your program must be non-blocking but client can be lazy and if they don't read your message you must NOT disconnect them...",
  define: 'Your program must not contains #define preproc',
  address: 'Your program must only listen to 127.0.0.1',
  ids: 'the client will be given an id. the first client will receive the id 0 and each new client will received the last client id + 1',
  arrived:
    'a message is sent to all the client that was connected to the server: "server: client %d just arrived\\n"',
  speak: 'clients must be able to send messages to your program.',
  printable: 'message will only be printable characters, no need to check',
  multiple: 'a single message can contains multiple \\n',
  resend:
    'when the server receive a message, it must resend it to all the other client with "client %d: " before every line!',
  left: 'When a client disconnect from the server: a message is sent to all the client that was connected to the server: "server: client %d just left\\n"',
  leaks: 'Memory or fd leaks are forbidden',
  fast: "Warning our tester is expecting that you send the messages as fast as you can. Don't do un-necessary buffer.",
  functions:
    'Allowed functions: write, close, select, socket, accept, listen, send, recv, bind, strstr, malloc, realloc, free, calloc, bzero, atoi, sprintf, strlen, exit, strcpy, strcat, memset',
  // The following are in other texts of the subject only.
  functionsWithHtons:
    'Allowed functions: write, close, select, socket, accept, listen, send, recv, bind, strstr, malloc, realloc, free, calloc, bzero, atoi, sprintf, strlen, exit, strcpy, strcat, memset, htons, htonl',
  functionsWithPoll:
    'Allowed functions: write, close, select, poll, socket, accept, listen, send, recv, bind, strstr, malloc, realloc, free, calloc, bzero, atoi, sprintf, strlen, exit, strcpy, strcat, memset, htons, htonl',
  ends: 'a single message always end with a \\n',
  longest: 'a single message will never be longer than 4096 characters',
  resendMessage:
    'when the server receive a message, it must resend it to all the other client with "client %d: " before the message',
} as const;

export type Paragraph = keyof typeof PARAGRAPHS;

/** One rule, and how the kit checks it. */
export interface Case {
  /** The stable name, as in `--only`. */
  readonly name: string;
  readonly rank: Rank;
  /** The rule, as a sentence that is true for a correct server. */
  readonly title: string;
  readonly paragraph: Paragraph;
  /** The usual cause of a failure. */
  readonly hint: string;
  /** Whether it measures the server's speed or the machine, so that no other case may run at the same time. */
  readonly alone?: boolean;
  /** Checks the source file, before the program is started. */
  readonly source?: (source: Source) => Promise<void> | void;
  /** Checks a running server. */
  readonly run?: (room: Room) => Promise<void>;
}
