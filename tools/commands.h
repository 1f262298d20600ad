/* The commands of `busbar`, one file each. argv[0] is the command's name. Each returns a process
 * exit status: 0 good, 64 usage, 78 configuration, 69 unreachable, 74 I/O, 1 anything else. */
#ifndef BUSBAR_TOOLS_COMMANDS_H
#define BUSBAR_TOOLS_COMMANDS_H

enum exit_status {
    EXIT_GOOD = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE_ERROR = 64,
    EXIT_UNREACHABLE = 69,
    EXIT_IO_ERROR = 74,
    EXIT_CONFIG_ERROR = 78
};

int cmd_check(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_meter(int argc, char **argv);
int cmd_recompute(int argc, char **argv);
int cmd_file_month(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_passwd(int argc, char **argv);
int cmd_alerts(int argc, char **argv);
int cmd_advise(int argc, char **argv);
int cmd_request(int argc, char **argv);

#endif
