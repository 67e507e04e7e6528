#pragma once

/* docker-init [--] command arguments: forwards signals, reaps, and ends as the command ended. */
int init_main(int argc, char **argv);
