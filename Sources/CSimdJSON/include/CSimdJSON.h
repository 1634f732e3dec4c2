#ifndef CSimdJSON_H
#define CSimdJSON_H
#endif
