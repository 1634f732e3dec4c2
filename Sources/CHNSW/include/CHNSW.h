#ifndef CHNSW_H
#define CHNSW_H
#endif
